/** Strings that a terminal obeys without showing: OSC, DCS, SOS, PM and APC, with their C1 forms. */
const STRING_STARTS = new Set(["]", "P", "X", "^", "_"]);
/** Titles and links: of all OSC commands the ones that change nothing outside the window. */
const HARMLESS_OSC = /^(0|1|2|8);/;
const LONGEST_STRING = 4096;

/** DEC private modes that a terminal has on before any program asks. */
const ON_BY_DEFAULT = new Set(["7", "25"]);

/**
 * Passes a bottle's terminal output on, without the sequences that reach beyond the window: clipboard (OSC 52),
 * downloads, key redefinition, device strings. Colours, cursor moves, titles and links pass.
 */
export class TerminalFilter {
  #state: "text" | "escape" | "control" | "string" | "stringEscape" = "text";
  #string = "";
  /** private modes that are not as they were: the other screen, a hidden cursor, reports of the mouse */
  readonly #changedModes = new Set<string>();
  readonly #decoder = new TextDecoder("utf-8");

  /** what may be shown of the next piece of output */
  pass(output: Uint8Array): string {
    let shown = "";
    for (const character of this.#decoder.decode(output, { stream: true })) shown += this.#next(character);
    return shown;
  }

  /** what brings the terminal back to what it was when the program began, wherever it was cut off */
  undo(): string {
    // first the end of a sequence that was begun, which the terminal would take for ours
    const begun = this.#state === "control" ? "\u0018" : "";
    const modes = [...this.#changedModes].map(
      (mode) => `\u001b[?${mode}${ON_BY_DEFAULT.has(mode) ? "h" : "l"}`,
    );
    this.#changedModes.clear();
    return `${begun}${modes.join("")}\u001b[0m`;
  }

  #next(character: string): string {
    switch (this.#state) {
      case "text":
        return this.#inText(character);
      case "escape":
        return this.#afterEscape(character);
      case "control":
        return this.#inControl(character);
      case "string":
        return this.#inString(character);
      case "stringEscape":
        this.#state = "string";
        if (character === "\\") return this.#endString();
        // an ESC inside a string ends it for the terminal, too
        this.#string = "";
        return this.#afterEscape(character);
      default:
        return this.#state satisfies never;
    }
  }

  #inText(character: string): string {
    if (character === "\u001b") {
      this.#state = "escape";
      return "";
    }
    if (isC1(character)) return ""; // nothing that draws a screen in UTF-8 needs the eight-bit forms
    return character;
  }

  #afterEscape(character: string): string {
    if (character === "\u001b") return "";
    if (STRING_STARTS.has(character)) {
      this.#state = "string";
      this.#string = character;
      return "";
    }
    this.#state = character === "[" ? "control" : "text";
    this.#string = "";
    return character === "c" ? "" : `\u001b${character}`;
  }

  /** What a control sequence says of private modes is noted: `CSI ? 1049 ; 25 h`. */
  #inControl(character: string): string {
    if (character === "\u001b") {
      this.#state = "escape";
      return "";
    }
    if (isC1(character)) return "";
    if (character >= "@" && character <= "~") {
      this.#state = "text";
      if (character === "h" || character === "l") this.#noteModes(character === "h");
    } else if (this.#string.length < LONGEST_STRING) this.#string += character;
    return character;
  }

  #noteModes(isSet: boolean): void {
    const modes = /^\?(?<modes>[0-9;]+)$/.exec(this.#string)?.groups?.["modes"] ?? "";
    for (const mode of modes.split(";").filter((each) => /^\d{1,5}$/.test(each))) {
      if (isSet === ON_BY_DEFAULT.has(mode)) this.#changedModes.delete(mode);
      else this.#changedModes.add(mode);
    }
  }

  #inString(character: string): string {
    if (character === "\u0007" || character === "\u009c") return this.#endString();
    if (character === "\u001b") this.#state = "stringEscape";
    else if (this.#string.length < LONGEST_STRING) this.#string += character;
    return "";
  }

  #endString(): string {
    const whole = this.#string;
    this.#state = "text";
    this.#string = "";
    const passes =
      whole.startsWith("]") && HARMLESS_OSC.test(whole.slice(1)) && whole.length < LONGEST_STRING;
    return passes ? `\u001b${whole}\u0007` : "";
  }
}

function isC1(character: string): boolean {
  return character >= "\u0080" && character <= "\u009f";
}
