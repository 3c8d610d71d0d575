"""The little CSS that Streamlit's own settings do not reach."""

from __future__ import annotations

import streamlit as st

# Keyed containers carry the class st-key-<key>; their wrapper, as the child of the page, is what
# can stick. The theme's colours are no CSS variables out here (1.67), so the bar that covers what
# scrolls beneath it inherits its background step by step from the app.
CSS = """
<style>
.stMainBlockContainer { padding: 3.5rem 3rem 4rem; }
@media (max-width: 900px) { .stMainBlockContainer { padding-inline: 1rem; } }
/* A title with controls beside it lies where one alone does. */
.st-key-head { min-height: 4.65rem; padding-bottom: 1rem; }
.st-key-head:has(.stSelectbox) { margin-top: -.6rem; }
@media (max-width: 640px) {
  .stMain .st-key-head { min-height: 0; padding: 1.25rem 0 .5rem; margin-top: 0; }
  .st-key-head:has(.stSelectbox) > :first-child { flex-basis: 100%; }
  .st-key-head > :has(> .stSelectbox) { flex: 1 1 8rem; }
}
/* Streamlit's own grey has a contrast of 4.2 */
.stApp [data-testid="stCaptionContainer"] { color: inherit; opacity: .76; }
.stSidebar .st-key-job p { font-size: .875rem; }

.stAppViewContainer, .stAppViewContainer > div:has(> .stMain), .stMain, .stMainBlockContainer,
.stMainBlockContainer > .stVerticalBlock { background-color: inherit; }
[data-testid="stLayoutWrapper"]:has(> .st-key-query-bar) {
  position: sticky; top: 0; z-index: 20; background-color: inherit;
  border-bottom: 1px solid rgba(128, 136, 136, .25);
}
.ris-picture { display: block; max-width: 100%; border-radius: .625rem; }
.st-key-redrawn .ris-picture { width: 300px; }
:is([class*="st-key-each-"], [class*="st-key-mark-"]) .ris-picture {
  max-width: 4rem; max-height: 4rem;
}
.st-key-query-bar { padding-block: .75rem; }
.st-key-query-bar img { max-height: 5.5rem; max-width: 11rem; width: auto !important; }
.st-key-query-pictures:has(> :nth-child(2)) img { max-height: 3.5rem; max-width: 5rem; }
.st-key-query-pictures { max-width: min(100%, 40rem); }
.st-key-controls { row-gap: .75rem; }
.st-key-controls .stCheckbox { padding-bottom: .35rem; }
.st-key-controls [role="radiogroup"] :is(label, button) { min-height: 2.5rem; }
@media (min-width: 641px) { /* as high as what they stand beside */
  .st-key-ways-in [class*="st-key-way-in-"] button { height: 4.2rem; }
  .st-key-ask-large [class*="st-key-way-in-"] button { height: 7.5rem; }
}
.stElementContainer:has(> [data-testid="stBidiComponentRegular"]):has(.veil) { height: 0; }

.st-key-ask-large [data-testid="stFileUploaderDropzone"] {
  min-height: 7.5rem; align-items: center; justify-content: center;
}
/* The primary colour is made for white words on it, so words in it are too dark on a dark page. */
.stApp [data-variant="segmented_control"][data-selected],
.stApp [role="tab"][aria-selected="true"],
.stApp [data-testid="stSliderThumbValue"] {
  color: inherit;
}

:is(.st-key-groups, .st-key-more-groups) :is(button, button p) {
  justify-content: start; text-align: start; white-space: normal; line-height: 1.3;
}
.st-key-groups, .st-key-more-groups {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(5.5rem, 1fr));
}
:is(.st-key-groups, .st-key-more-groups) > *,
:is(.st-key-groups, .st-key-more-groups) .stVerticalBlock { width: 100% !important; }
:is(.st-key-groups, .st-key-more-groups) img {
  width: 100%; aspect-ratio: 1; object-fit: cover;
}

/* Small pictures are shown enlarged, as large as the others. */
.st-key-full-picture { max-width: min(100%, 42rem); }
.st-key-full-picture img {
  height: min(48vh, 30rem); max-width: 100%; width: auto !important; object-fit: contain;
}
.st-key-picture-facts { min-width: min(100%, 18rem); }
.st-key-picture-facts h3 { padding-top: 0; font-size: 1.35rem; overflow-wrap: anywhere; }
.st-key-picture-facts td { overflow-wrap: anywhere; }
.st-key-collection button[aria-label="Clear value"] { display: none; } /* one is always shown */
[data-testid="stLayoutWrapper"]:has(> .st-key-uploader) { min-width: min(100%, 20rem); }
@media (max-width: 640px) {
  .st-key-ask-large [data-testid="stFileUploaderDropzone"] { align-items: start; }
  /* below the header, which lies over the page on small screens */
  [data-testid="stLayoutWrapper"]:has(> .st-key-query-bar) { top: 3.5rem; }
  .st-key-query-bar { padding-block: .5rem; row-gap: .5rem; column-gap: .75rem; }
  .st-key-query-bar img { max-height: 3.25rem; max-width: 5rem; }
  .st-key-query-bar [data-testid="stCaptionContainer"] p { font-size: .8rem; line-height: 1.3; }
  [data-testid="stLayoutWrapper"]:has(> .st-key-full-picture),
  .st-key-full-picture, .st-key-full-picture :is(div, img) { width: 100% !important; }
  .st-key-full-picture img { height: auto; max-height: 60vh; }
}
.st-key-redrawn { margin-top: .5rem; }
.ris-why { overflow-x: auto; }
.ris-why table { border-collapse: collapse; }
.ris-why :is(th, td) { padding: 0 .6rem .6rem 0; text-align: start; vertical-align: middle; }
.ris-why th { font-weight: 400; font-size: .875rem; opacity: .76; }
.ris-why thead th { padding-bottom: .35rem; }
.ris-why img { display: block; width: min(10rem, 19vw); border-radius: .5rem; }
.st-key-picture-facts [data-testid="stCheckbox"] { min-height: 2.5rem; align-content: center; }
.st-key-picture-place { max-width: min(100%, 20rem); }
.st-key-picture-place img { background: rgba(128, 136, 136, .08); }
@media (min-width: 1100px) { /* the place under the picture, beside both what is known */
  .st-key-picture {
    display: grid; grid-template: auto 1fr / auto minmax(0, 1fr); align-items: start;
  }
  .st-key-picture > [data-testid="stLayoutWrapper"]:has(> .st-key-picture-facts) {
    grid-area: 1 / 2 / 3 / 3; width: 100%;
  }
}
.ris-why p { margin: 0; font-size: .875rem; opacity: .76; }
.st-key-for-good button { background-color: #b3261e; border-color: #b3261e; color: #fff; }

[data-testid="stLayoutWrapper"]:has(> .st-key-report-card), .st-key-report-card,
.st-key-report-card .stElementContainer, .st-key-report-card .stHtml,
.ris-card, .ris-card :is(table, thead, tbody, tr, th, thead td) { background-color: inherit; }
.ris-card { position: relative; overflow-x: auto; max-width: 64rem; }
.ris-card table {
  border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums;
}
.ris-card :is(th, td) {
  padding: .4rem .6rem; text-align: center; border-bottom: 1px solid rgba(128, 136, 136, .25);
}
.ris-card td { white-space: nowrap; }
.ris-card thead th { vertical-align: bottom; font-weight: 600; width: 11%; }
.ris-card th:is([scope="row"], [scope="rowgroup"]) { text-align: left; }
.ris-card :is(th[scope="row"], thead td) { position: sticky; left: 0; font-weight: 400; }
.ris-card th[scope="rowgroup"] { padding-top: 1rem; font-weight: 600; }
.ris-card th[scope="rowgroup"] span { position: sticky; left: .6rem; }
.ris-unseen {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
}
@media (max-width: 640px) {
  .ris-card table { min-width: 34rem; }
  .ris-card thead td { width: 8.5rem; }
  .ris-card thead th { width: auto; }
}

.ris-walk {
  display: grid; grid-auto-flow: column; grid-auto-columns: minmax(76px, 1fr); gap: .5rem;
  overflow-x: auto; padding: 0 0 .5rem; margin: 0; list-style: none;
}
.stHtml .ris-walk { margin: 0; padding: 0 0 .5rem; }
.stHtml .ris-walk li {
  display: grid; gap: .35rem; margin: 0; padding: 0; text-align: center; font-size: .75rem;
}
.ris-walk img {
  width: 100%; aspect-ratio: 1; object-fit: contain; border-radius: .4rem;
  background: rgba(128, 136, 136, .12);
}
.ris-walk .drawn { image-rendering: auto; object-fit: fill; }
.ris-walk .now { outline: 3px solid var(--primary-color, #0f766e); outline-offset: -3px; }
.st-key-pair .ris-picture, .st-key-walk-now .ris-picture { max-height: 46vh; }
.st-key-walk-now .ris-picture { width: 18rem; }
.st-key-slide-query .ris-picture { width: 84px; height: 84px; object-fit: contain; }

@media (max-width: 640px) {
  .st-key-pair [data-testid="stHorizontalBlock"]:has(> .stColumn) {
    display: grid; grid-template-columns: 1fr 1fr;
  }
  .st-key-pair .stColumn { min-width: 0; width: 100% !important; } /* of its cell */
  .st-key-pair .stColumn:nth-child(2) { order: 3; grid-column: 1 / -1; }
}
@media (max-width: 900px) {
  .st-key-stacked [data-testid="stHorizontalBlock"]:has(> .stColumn) { flex-wrap: wrap; }
  .st-key-stacked .ris-map { --ris-map-height: 420px !important; } /* room for what follows */
  .st-key-stacked .stColumn { min-width: 100%; }
}
@media (min-width: 640px) {
  [data-testid="stLayoutWrapper"]:has(> .st-key-beside) { position: sticky; top: 1rem; }
  .stMain:has(.st-key-query-bar) [data-testid="stLayoutWrapper"]:has(> .st-key-beside) {
    top: 8.25rem;
  }
  /* what decides a pair is at hand however tall the pictures are */
  [data-testid="stLayoutWrapper"]:has(> .st-key-pair-choices) {
    position: sticky; bottom: 0; z-index: 20; padding: .5rem 0; background-color: inherit;
    border-top: 1px solid rgba(128, 136, 136, .25);
  }
}
</style>
"""


def apply() -> None:
    """Put our few rules on the page."""
    st.html(CSS)
