import { closingMenus } from './closing-menus.ts'
import { copyButtons, selectedOnFocus } from './copy-buttons.ts'
import { draftForms } from './draft-forms.ts'
import { dropFiles } from './drop-files.ts'
import { firstMistake } from './first-mistake.ts'
import { followingRail } from './following-rail.ts'
import { goingOn } from './going-on.ts'
import { liveParts } from './live-parts.ts'
import { modalDialogs } from './modal-dialogs.ts'
import { relativeTimes } from './relative-times.ts'
import { submitOnce } from './submit-once.ts'
import { toldNotices } from './told-notices.ts'

closingMenus()
copyButtons()
liveParts()
draftForms()
dropFiles()
firstMistake()
followingRail()
selectedOnFocus()
modalDialogs()
relativeTimes()
submitOnce()
toldNotices()
goingOn()
