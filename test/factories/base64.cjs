// @stablelib/base64 is an ES module that standardwebhooks requires; Node ≥ 20.19 can do that, Jest on Node 20 cannot. The same
// two functions, for tests alone.
exports.encode = (bytes) => Buffer.from(bytes).toString('base64');
exports.decode = (text) => new Uint8Array(Buffer.from(text, 'base64'));
