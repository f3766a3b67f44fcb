"""What the tests of the bridges to coma, pycomex and conda share."""
