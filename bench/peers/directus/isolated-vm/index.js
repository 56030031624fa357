// Stands in for the C++ addon of this name, which only Directus' flows and sandboxed extensions use: none runs here, and
// compiling it would need headers and a compiler.
module.exports = {}
