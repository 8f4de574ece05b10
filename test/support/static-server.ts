export { ISOLATED, type StaticServer, serve } from '../../scripts/lib/static-server.mjs';
