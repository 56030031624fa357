const untilListeningMs = 100

/** Screen readers tell what changes, not what came with the page: what was done is put there anew once they listen. */
export function toldNotices(): void {
  setTimeout(() => {
    for (const notice of document.querySelectorAll('main .banner[role="status"]'))
      notice.replaceChildren(...[...notice.childNodes].map((node) => node.cloneNode(true)))
  }, untilListeningMs)
}
