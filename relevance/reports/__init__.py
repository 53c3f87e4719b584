"""Pages of this room: a gate's report and a search's, each one HTML file without script or network."""
