const untilListeningMs = 100

/**
 * Screen readers tell what changes, not what came with the page: the words of what was done are put there anew once they
 * listen. Its links stay as they are, since one of them may have the focus by then.
 */
export function toldNotices(): void {
  setTimeout(() => {
    for (const notice of document.querySelectorAll('main .banner[role="status"]')) {
      const words = document.createTreeWalker(notice, NodeFilter.SHOW_TEXT)
      const texts: Node[] = []
      while (words.nextNode()) texts.push(words.currentNode)
      for (const text of texts) text.parentNode?.replaceChild(text.cloneNode(), text)
    }
  }, untilListeningMs)
}
