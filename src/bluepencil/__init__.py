"""Bluepencil refines and rewrites text that language models are pre-trained on."""

__version__ = "0.1.0"
