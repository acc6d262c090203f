"""Grouped queries: several heads of queries share one head of keys and values."""

from minillm.backend import array_module


def repeat_heads(x, times):
    """x (B, G, S, K) -> y (B, G times, S, K): each head so many times, one after the other. Head h of the queries reads head h // times.

    Ainslie et al. 2023, section 2.2: with G = H / times heads of keys and values, the cache of generation has G/H of its size.
    """
    return array_module(x).repeat(x, times, axis=1), times


def repeat_heads_backward(dy, saved):
    """dy (B, G times, S, K) -> dx (B, G, S, K): a head that was read by several gets the sum of their gradients."""
    times = saved
    batch, heads, length, width = dy.shape
    return dy.reshape(batch, heads // times, times, length, width).sum(axis=2)  # y = x, each head so many times
