"""What is on disk: the table, the graph, the map, generations and collections."""
