"""Ratings in and out: tables of ours, of ITU and sureal, of GFIQA, and of anybody else."""
