import {
  type Detector,
  type Finding,
  type HeadToInspect,
  type Inspection,
  type InspectionContext,
  type KnownValue,
  ruleOfKnownValue,
} from "./detector.ts";
import type { FragmentRing, Rows } from "./fragment-ring.ts";
import { inspectBody } from "./inspect-body.ts";
import { KnownClean } from "./known-clean.ts";
import {
  type HeadSearch,
  type HeadText,
  inspectHead,
  inspectName,
  inspectTrailers,
  textOfHead,
} from "./inspect-head.ts";
import { readGitleaksRules } from "./gitleaks-rules.ts";
import { createOwnRuleSearch, type OwnRule, type OwnRuleSearch } from "./own-rules.ts";
import { createKnownValueSearch, type KnownValueSearch } from "./known-values.ts";
import { createPatternSearch, type PatternSearch } from "./pattern-search.ts";
import type { Piece } from "./pieces.ts";
import { rules } from "./rules.ts";
import type { ValuePiece } from "./value-pieces.ts";
import { inspectViews, type TextAbout, type TextSearch, viewOf } from "./views.ts";

export type * from "./detector.ts";
export { CANARY_ID } from "./detector.ts";
export { createFragmentRing, type FragmentRing } from "./fragment-ring.ts";

const allPatterns = createPatternSearch(rules);
/** characters that take as much memory as one piece of a head that is remembered */
const PIECE_COST = 150;
/** pieces of known values in one body; a value has fewer */
const MOST_MET = 256;
const CLEAN: Inspection = { kind: "clean" };

interface DetectorParts {
  readonly knownValues: readonly KnownValue[];
  /** pattern rules that are left out; known values are always looked for */
  readonly withoutRules?: readonly string[];
  /** of the class's owner */
  readonly ownRules?: readonly OwnRule[];
  /** the same in the form of gitleaks: TOML */
  readonly gitleaksRules?: string;
}

/**
 * A detector for the given known values and the pattern rules. Known values are looked for first: they are certain.
 * Throws, and quotes nothing, when a rule of the owner cannot be used.
 */
export function createDetector(parts: DetectorParts): Detector {
  const { knownValues, withoutRules = [] } = parts;
  const known = createKnownValueSearch(knownValues);
  const patterns =
    withoutRules.length === 0
      ? allPatterns
      : createPatternSearch(rules.filter(({ id }) => !withoutRules.includes(id)));
  const own = createOwnRuleSearch([...(parts.ownRules ?? []), ...gitleaksRules(parts.gitleaksRules ?? "")]);
  const clean = { heads: new KnownClean<readonly Piece[]>(), texts: new KnownClean<true>() };
  const lookWith = (context: InspectionContext | undefined): Look =>
    new Look({ known, patterns, own, clean }, context ?? {});
  return {
    inspectHead: (head, context) => lookWith(context).head(head),
    inspectName: (host, path = "/") => lookWith(undefined).name(host, path),
    inspectTrailers: (fields, context) => lookWith(context).trailers(fields),
    inspectBody: (body, context) => lookWith(context).body(body),
    streamSearch: (location) => known.stream(location),
  };
}

function gitleaksRules(toml: string): readonly OwnRule[] {
  const read = readGitleaksRules(toml);
  if (read.kind === "errors") throw new Error(`gitleaksRules cannot be used: ${read.errors.join("; ")}`);
  return read.rules;
}

interface Searches {
  readonly own: OwnRuleSearch | undefined;
  readonly known: KnownValueSearch;
  /** heads as wholes, with the pieces in them; and the single texts of heads */
  readonly clean: { readonly heads: KnownClean<readonly Piece[]>; readonly texts: KnownClean<true> };
  readonly patterns: PatternSearch;
}

/** One look at one piece of a request, with the pieces of known values that it met. */
class Look {
  readonly #searches: Searches;
  readonly #home: string | undefined;
  readonly #destination: string | undefined;
  readonly #fragments: FragmentRing | undefined;
  /** each once: a body may repeat one without end */
  readonly #met: ValuePiece[] = [];

  constructor(searches: Searches, { passthroughTo, destination, fragments }: InspectionContext) {
    this.#destination = destination?.toLowerCase();
    this.#searches = searches;
    this.#home = passthroughTo?.toLowerCase();
    this.#fragments = fragments;
  }

  head(head: HeadToInspect): Promise<Inspection> {
    const { clean, own } = this.#searches;
    // an owner's rule may reach over fields, and pieces of known values are to be met each time
    const remembers = own === undefined && this.#fragments !== undefined;
    if (!remembers) return inspectHead(head, this.#headSearch());
    const headKey = `${this.#home ?? ""} ${textOfHead(head)}`;
    const known = clean.heads.readOf(headKey);
    if (known !== undefined) return this.#withEarlier(known);
    const keyOf = ({ kind, text }: HeadText): string => `${this.#home ?? ""} ${kind} ${text}`;
    return inspectHead(head, {
      ...this.#headSearch(),
      newOf: (texts) => texts.filter((text) => clean.texts.readOf(keyOf(text)) === undefined),
      onClean: (texts, pieces) => {
        if (this.#met.length > 0) return;
        for (const text of texts) clean.texts.add(keyOf(text), true);
        clean.heads.add(headKey, pieces, headKey.length + pieces.length * PIECE_COST);
      },
    });
  }

  trailers(fields: Parameters<typeof inspectTrailers>[0]): Inspection {
    return inspectTrailers(fields, this.#search().find, this.#findFolded);
  }

  name(host: string, path: string): Inspection {
    return inspectName({ host, path }, this.#search().find, this.#findFolded);
  }

  body(body: Parameters<typeof inspectBody>[0]): Promise<Inspection> {
    return inspectBody(body, this.#search(), (pieces) => this.#withEarlier(pieces));
  }

  /** Of the patterns that know one case alone, those in capitals can be told again. */
  readonly #findFolded = (text: string, { location }: TextAbout): Finding | undefined => {
    const { known, patterns } = this.#searches;
    const folded = text.toUpperCase();
    const bytes = Buffer.from(folded, "latin1");
    return known.findFolded(text, location) ?? patterns.find(folded, bytes, location, { home: this.#home });
  };

  #headSearch(): HeadSearch {
    return {
      ...this.#search(),
      findFolded: this.#findFolded,
      newOf: (texts) => texts,
      onClean: () => undefined,
      onPieces: (pieces) => this.#withEarlier(pieces),
    };
  }

  #search(): TextSearch {
    const { known, patterns, own } = this.#searches;
    const onPiece = this.#fragments === undefined ? undefined : this.#meet;
    return {
      longest: known.longest,
      findSlowly: own === undefined ? undefined : (text, location) => own(text, location, this.#destination),
      find: (text, { location, isJoined }) => {
        const bytes = Buffer.from(text, "latin1");
        return (
          known.find(bytes, location, onPiece) ??
          patterns.find(text, bytes, location, { home: this.#home, isJoined })
        );
      },
    };
  }

  readonly #meet = (piece: ValuePiece): void => {
    const isSame = ({ id, start, end }: ValuePiece): boolean =>
      id === piece.id && start <= piece.start && end >= piece.end;
    if (this.#met.length < MOST_MET && !this.#met.some(isSame)) this.#met.push(piece);
  };

  /** What the pieces make with those of earlier requests; they are remembered when they pass. */
  async #withEarlier(pieces: readonly Piece[]): Promise<Inspection> {
    const fragments = this.#fragments;
    return fragments?.oneByOne(() => this.#lookWithEarlier(pieces, fragments)) ?? CLEAN;
  }

  async #lookWithEarlier(pieces: readonly Piece[], fragments: FragmentRing): Promise<Inspection> {
    const whole = fragments.completes(this.#met);
    if (whole !== undefined) {
      const rule = ruleOfKnownValue(whole.id);
      const finding = { rule, location: "pieces over requests", shape: whole.id };
      return { kind: "found", finding };
    }
    let rows = fragments.rowsWith(pieces);
    let inspection = await this.#lookAtRow(rows.texts);
    if (inspection.kind === "found" && (await this.#forgetWhole(rows))) {
      rows = fragments.rowsWith(pieces);
      inspection = await this.#lookAtRow(rows.texts);
    }
    if (inspection.kind !== "clean") return inspection;
    rows.keep();
    fragments.keepCovered(this.#met);
    return CLEAN;
  }

  /** Hashes and identifiers in a row look compressed, and each request brings some: what shows no coding is none. */
  async #lookAtRow(texts: readonly string[]): Promise<Inspection> {
    if (texts.length === 0) return CLEAN;
    const views = texts.map((text) => viewOf(text, "pieces over requests", 1, true));
    return inspectViews(views, this.#search(), 0);
  }

  /**
   * Forgets of rows what was let through whole and would not be now: at a host that may be sent it, or before there was
   * a rule. Whatever comes after it would be refused, for ever. What came last stays as far as it is clean by itself:
   * it may be the first piece of something else. Whether there was any.
   */
  async #forgetWhole(rows: Rows): Promise<boolean> {
    let isAny = false;
    for (const row of rows.earlier()) {
      while ((await this.#lookAtRow(row.texts)).kind === "found") {
        row.forgetOldest();
        isAny = true;
      }
    }
    return isAny;
  }
}
