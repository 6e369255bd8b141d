// What the page asks of the line. The header is one that no other site can send.

export class Problem extends Error {}

export async function ask(path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json", "x-edge-sort": "1" },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch {
    throw new Problem("The page does not answer. Is the line running?");
  }
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const problem = new Problem(content.problem ?? `The page answers ${answer.status}.`);
    problem.status = answer.status;
    throw problem;
  }
  return content;
}
