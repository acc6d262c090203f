"""Pretraining: from a text to a trained model, in one of several ways."""
