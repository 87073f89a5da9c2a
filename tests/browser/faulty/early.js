throw new RangeError("too early");
