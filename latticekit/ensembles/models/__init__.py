"""Model bundles: parameters, settings and a model card of a trained flow in one folder, written and read back."""
