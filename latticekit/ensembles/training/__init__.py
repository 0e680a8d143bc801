"""`train` as a driver: plan, labelled history, checkpoints that survive any instant, and the trained flow."""
