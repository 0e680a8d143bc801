"""Speed of latticekit, tracked by asv: see docs/performance.md."""
