"""Reports: shows people and other programs what a run does and did."""
