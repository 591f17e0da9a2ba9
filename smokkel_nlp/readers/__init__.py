"""How each kind of file is read; :mod:`smokkel_nlp.io` is the entrance."""
