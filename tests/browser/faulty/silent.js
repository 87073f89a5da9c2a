setInterval(() => 0, 1000);
