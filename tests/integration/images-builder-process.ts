import { createImageStore } from "../../local-runtime/images/index.ts";
import { engine, settled } from "./images-support.ts";

// A control plane that does nothing but build one image: node images-builder-process.ts PRODUCT CACHE IMAGE-AS-JSON
const [productRoot = "", cacheFolder = "", image = ""] = process.argv.slice(2);
const store = createImageStore({ engine, productRoot, cacheFolder });
const { last } = await settled(store, JSON.parse(image));
process.stdout.write(`${JSON.stringify(last)}\n`);
await store.close();
