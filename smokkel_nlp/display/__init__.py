"""How cases and figures look: marked passages, tables, colours, in a notebook, a terminal or a page."""
