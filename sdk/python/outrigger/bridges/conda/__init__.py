"""conda's plugin hooks at an Outrigger host. conda finds this through its entry point; see README.md beside this file."""
