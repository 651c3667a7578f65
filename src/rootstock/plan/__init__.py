"""Planning: reads the matrix and the recipes, and returns a graph with build keys."""
