"""The engine: runs a step over a corpus so that nothing is lost and nothing runs twice."""
