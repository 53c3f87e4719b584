"""HTTP endpoints, thin: read the request, call the classroom, shape the answer."""
