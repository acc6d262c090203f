"""What only a GPU needs: matrix products that a CUDA graph can hold, and the graph itself. Nothing here loads CuPy by itself."""
