/** Runs driven by an agent outside, over the Model Context Protocol. */
export { HOST, type HttpServing, serveHttp } from './http.ts';
export { makeServer } from './server.ts';
export { Session, type SessionMeans } from './session.ts';
export { serveStdio } from './stdio.ts';
