// Ends with a sentence where Node.js is too old to run the rest. In the oldest syntax that modules have, on purpose.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `QueueUp needs Node.js 22.18 or newer; this is ${process.versions.node}. Run "npm ci" again, which brings one for most platforms, or install a newer one.\n`,
  )
  process.exit(1)
}
