"""A run over files, from records to output; :mod:`smokkel_nlp.jobs` is the entrance."""
