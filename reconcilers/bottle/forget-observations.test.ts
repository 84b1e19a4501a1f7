import { afterEach, beforeEach, expect, it } from "vitest";
import { BottleWorld } from "../../tests/bottle-world.ts";
import { bottles } from "../../crds/resources.ts";
import { forgetObservations } from "./forget-observations.ts";

