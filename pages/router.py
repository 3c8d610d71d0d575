"""Main script of every screen: settings of the page, navigation, sidebar, then the page itself.

Handed to ``st.App`` by ``app.py``. It must lie inside ``pages/``: with a ``pages`` folder *beside*
the main script, Streamlit 1.67 answers a first deep link by its old rules, without any of this.
"""

from __future__ import annotations

import streamlit as st

from pages.parts import login, session, sidebar, style
from pages.parts.browser import inline

# Before the navigation and without a ":material/…" icon: else the browser would fetch one from an
# outside host.
st.set_page_config(page_icon=inline("icon.png"), layout="wide")
st.logo(inline("logo.svg"), size="large", icon_image=inline("icon.png"))
style.apply()

let_in = login.let_in()
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
            st.Page("jobs.py", title="Jobs", icon=":material/pending_actions:"),
        ],
    },
    position="sidebar" if let_in else "hidden",
)
st.set_page_config(page_title=f"{page.title if let_in else 'Log in'} – ris")
if let_in:
    session.begin(page.url_path)
    with st.sidebar:
        sidebar.draw()
        login.draw_person()
    page.run()
