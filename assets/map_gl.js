// Draws blocks of points with WebGL 2. A point's colour is one byte, a place in a palette of 256, so that another
// palette (theme, hidden categories) costs no point anything, and a move of the view is two numbers.

export const PALETTE = 256;

export const NO_WEBGL = "This browser can't draw the map: it has no WebGL 2, or it is switched off.";

const VERTEX = `#version 300 es
in vec2 place;
in float code;
uniform vec2 middle;
uniform vec2 scale;
uniform float size;
uniform sampler2D palette;
out vec4 colour;
void main() {
  colour = texelFetch(palette, ivec2(int(code), 0), 0);
  gl_Position = colour.a == 0.0 ? vec4(2.0, 2.0, 2.0, 1.0) : vec4((place - middle) * scale, 0.0, 1.0);
  gl_PointSize = size + 1.0;
}`;
const FRAGMENT = `#version 300 es
precision highp float;
in vec4 colour;
uniform float size;
uniform float opacity;
out vec4 seen;
void main() {
  float edge = clamp(0.5 * size + 0.5 - (size + 1.0) * length(gl_PointCoord - 0.5), 0.0, 1.0);
  seen = vec4(colour.rgb, 1.0) * (colour.a * opacity * edge);
}`;

export class Dots {
  constructor(canvas) {
    this.canvas = canvas;
    const gl = canvas.getContext("webgl2", { antialias: false, depth: false, powerPreference: "high-performance" });
    if (!gl) throw new Error(NO_WEBGL);
    this.gl = gl;
    this.program = linked(gl);
    gl.useProgram(this.program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    this.at = Object.fromEntries(["middle", "scale", "size", "opacity"].map((name) => [name, gl.getUniformLocation(this.program, name)]));
  }

  // rgba: Uint8Array of 256 colours; alpha 0 hides.
  paint(rgba) {
    const { gl } = this;
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, PALETTE, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, rgba);
  }

  // places: Float32Array x0, y0, x1, y1, …; codes: Uint8Array.
  add(places, codes) {
    const { gl } = this;
    const block = { count: codes.length, array: gl.createVertexArray(), places: gl.createBuffer(), codes: gl.createBuffer() };
    gl.bindVertexArray(block.array);
    this.#attribute("place", block.places, places, 2, gl.FLOAT);
    this.#attribute("code", block.codes, codes, 1, gl.UNSIGNED_BYTE);
    return block;
  }

  recode(block, codes) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, block.codes);
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, codes);
  }

  forget(block) {
    const { gl } = this;
    gl.deleteVertexArray(block.array);
    gl.deleteBuffer(block.places);
    gl.deleteBuffer(block.codes);
  }

  draw(view, blocks, { size, opacity }) {
    const { gl, at, canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const [wide, high] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
    if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
    gl.viewport(0, 0, wide, high);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(at.middle, (view.x0 + view.x1) / 2, (view.y0 + view.y1) / 2);
    gl.uniform2f(at.scale, 2 / (view.x1 - view.x0), 2 / (view.y1 - view.y0));
    gl.uniform1f(at.size, size * ratio);
    gl.uniform1f(at.opacity, opacity);
    for (const block of blocks) {
      gl.bindVertexArray(block.array);
      gl.drawArrays(gl.POINTS, 0, block.count);
    }
  }

  // Browsers allow some sixteen contexts, so this one is given back at once instead of by the garbage collector.
  destroy() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  #attribute(name, buffer, data, numbers, kind) {
    const { gl } = this;
    const place = gl.getAttribLocation(this.program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, numbers, kind, false, 0, 0);
  }
}

function linked(gl) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(program));
  return program;
}
