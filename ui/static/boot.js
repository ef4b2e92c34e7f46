import init from './clawbutler.js';

init({ module_or_path: new URL('clawbutler_bg.wasm', import.meta.url) });
