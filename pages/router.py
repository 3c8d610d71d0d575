"""Main script of every screen: settings of the page, navigation, sidebar, then the page itself.

Handed to ``st.App`` by ``app.py``. It must lie inside ``pages/``: with a ``pages`` folder *beside*
the main script, Streamlit 1.67 answers a first deep link by its old rules, without any of this.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.parts import session, sidebar, style

ASSETS = Path(__file__).resolve().parent.parent / "assets"

# Before the navigation and without a ":material/…" icon: else the browser would fetch one from an
# outside host.
st.set_page_config(page_icon=str(ASSETS / "icon.png"), layout="wide")
st.logo(str(ASSETS / "logo.svg"), size="large", icon_image=str(ASSETS / "icon.png"))
style.apply()

page = st.navigation(
    {
        "Explore": [
            st.Page("search.py", title="Search", icon=":material/image_search:", default=True),
            st.Page("map.py", title="Map", icon=":material/scatter_plot:"),
            st.Page("odd.py", title="Odd ones out", icon=":material/troubleshoot:"),
            st.Page("between.py", title="Between", icon=":material/linear_scale:"),
            st.Page("slides.py", title="Slides", icon=":material/grid_on:"),
        ],
        "Manage": [
            st.Page("duplicates.py", title="Duplicates", icon=":material/difference:"),
            st.Page("collection.py", title="Collection", icon=":material/photo_library:"),
            st.Page("model.py", title="Model", icon=":material/model_training:"),
        ],
    }
)
st.set_page_config(page_title=f"{page.title} – ris")
session.begin(page.url_path)
with st.sidebar:
    sidebar.draw()
page.run()
