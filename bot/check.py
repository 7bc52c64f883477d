"""Run the checks against one server and say which causes they confirm or rule out."""
