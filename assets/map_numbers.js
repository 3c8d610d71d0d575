// Numbers in words, by the units that ris/explore/colourings.py tells.

const DAY = 86400000;
const BYTES = ["bytes", "kB", "MB", "GB", "TB"];

export function told(number, { unit, low, high }) {
  if (unit === "days") return new Date(number * DAY).toISOString().slice(0, 10);
  if (unit === "bytes") return size(number);
  const digits = Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(Math.max(Math.abs(high - low), 1e-9)))));
  const words = number.toLocaleString(undefined, { maximumFractionDigits: digits });
  return unit && unit !== "distance" ? `${words} ${unit}` : words;
}

function size(bytes) {
  const power = Math.min(BYTES.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  return `${(bytes / 1000 ** power).toLocaleString(undefined, { maximumSignificantDigits: 3 })} ${BYTES[power]}`;
}
