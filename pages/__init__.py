"""Screens: Streamlit pages over the core in ``ris``; nothing here is needed by the core."""
