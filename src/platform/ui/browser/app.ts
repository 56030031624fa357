import { copyButtons } from './copy-buttons.ts'
import { modalDialogs } from './modal-dialogs.ts'
import { submitOnce } from './submit-once.ts'

copyButtons()
modalDialogs()
submitOnce()
