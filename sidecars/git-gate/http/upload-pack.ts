import type { ServerResponse } from "node:http";
import { failureOf, namedOtherwise, wordsOf } from "../outcomes.ts";
import type { Remote } from "../upstream/remote.ts";
import { EarlyWords } from "./early-words.ts";
import { answerResult } from "./gate-answer.ts";
import { lsRefsAnswer } from "./ls-refs.ts";
import type { Question } from "./question.ts";

/**
 * Does what upload-pack needs done before git may answer it. True when the question is answered already: the refs are
 * upstream's own word, and the mirror gets their objects while the client asks for them.
 */
export async function prepareUploadPack(
  remote: Remote,
  question: Question,
  response: ServerResponse,
): Promise<boolean> {
  if (question.command === "ls-refs") return answerRefs(remote, question, response);
  await refreshInSight(remote, question, response);
  return false;
}

/** Of an upstream without refs, git itself says what there is to say. */
async function answerRefs(remote: Remote, question: Question, response: ServerResponse): Promise<boolean> {
  const listing = await remote.announce();
  if (listing.format !== remote.mirror.format) {
    await remote.refreshSoon();
    throw namedOtherwise(listing.format);
  }
  if (listing.refs.size === 0) {
    await remote.refreshSoonUnlessFresh();
    return false;
  }
  question.body.resume();
  await answerResult(response, lsRefsAnswer(listing, question.arguments));
  return true;
}

/** Brings the mirror to what upstream has, in the sight of a client that can be told. */
async function refreshInSight(remote: Remote, question: Question, response: ServerResponse): Promise<void> {
  if (!question.arguments.includes("sideband-all")) return remote.refreshSoonUnlessFresh();
  const words = new EarlyWords(response);
  const isQuiet = question.arguments.includes("no-progress");
  const unwatch = isQuiet ? undefined : remote.watch((line) => words.say(line));
  try {
    await remote.refreshUnlessFresh();
  } catch (error) {
    const outcome = failureOf(error);
    if (outcome !== undefined && response.headersSent) words.refuse(wordsOf(outcome));
    throw error;
  } finally {
    unwatch?.();
  }
}
