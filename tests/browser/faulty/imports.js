import "./nothing-there.js";
