"""cli holds synth's commands, one module per group; each parses, calls one public function and prints."""
