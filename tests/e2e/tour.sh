#!/usr/bin/env bash
# The README's tour, done and checked.
exec contrib/tour.sh
