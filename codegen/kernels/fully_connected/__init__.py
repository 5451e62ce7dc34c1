"""Fully connected layers: plain C for any processor, and packed chains for the DSP extension."""
