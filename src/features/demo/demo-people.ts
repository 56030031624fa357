import { type EmailAddress, parseEmailAddress } from '../subscribers/email-address.ts'
import type { SeededRandom } from './seeded-random.ts'

const firstNames =
  'adaeze aisha alejandra amara amelie anders anika arjun astrid ayse beatriz bruno camille carlos chidi chloe daniel dilnoza elena elif emeka emil fatima felix freja gabriela giulia hana hassan hiroshi ibrahim ingrid isabel ivan jamal jana joao jonas julia kaito kamala kateryna kenji khadija kofi lars leila lena liam linh lucia lukas maja marcus mariam mateo mei mia miguel mila mina nadia naomi ngozi niamh nikhil noah nora oksana oliver olivia omar oskar paula pedro petra priya rafael ravi rosa ruth samir sana sara sebastian selma sofia soren tariq tereza thabo thandiwe theo tomas usman valentina vera viktor wei william xin yara yasmin yuki yusuf zainab zofia'.split(
    ' ',
  )
const familyNames =
  'abe acheampong adeyemi almeida andersen bakker banerjee barros bauer becker berg bianchi brandt chen choi cohen costa da-silva dahl demir diallo dubois eriksson evans farah fernandez fischer fontaine garcia gonzalez greco gupta haddad hansen hassan hernandez hoang horvat huang ibrahim ivanova jansen jensen johansson kamara kaya khan kim klein kovacs kowalska kumar larsen laurent lee lehtonen leroy lindqvist lopez mansour martin mbeki mendes meyer moreau moretti mueller murphy mwangi nakamura ndiaye nguyen nielsen novak obi okafor oliveira olsen osei park patel pereira petrov popescu ramirez rossi sato schmidt shah shevchenko silva singh smit sousa suzuki svensson tan tanaka thomas torres tran tshabalala virtanen wagner walker wang weber williams wilson wong yamamoto yilmaz zhang zhou'.split(
    ' ',
  )
const companies =
  'alder-works,atlas-kaffee,baobab-books,blue-fjord,brightpath,cafe-lumiere,casa-verde,cobalt-labs,dune-travel,fernandez-hijos,granite-post,hanami-design,harbour-bakery,juniper-health,kestrel-films,kilimo,lumen-labs,maple-and-co,mori-studio,nordlys,northwind-cycles,olive-press,orchard-software,paloma-music,pixelhof,quartz-clinic,sahel-solar,saltwater,studio-nove,sundhed,terra-ceramics,tidal-robotics,tukul-coffee,umami-kitchen,velo-paris,wattle-farm,yarrow-legal,zephyr-games'.split(
    ',',
  )
const domains = ['example.com', 'example.org', 'example.net'] as const
const offices = ['hello', 'team', 'office', 'contact'] as const

/** Makes up people of many countries, and here and there a company; each address is another one, and none is anybody's. */
export class DemoPeople {
  readonly #random: SeededRandom
  readonly #taken = new Set<string>()

  constructor(random: SeededRandom) {
    this.#random = random
  }

  next(): EmailAddress {
    for (;;) {
      const text = this.#isCompany() ? this.#company() : this.#person()
      if (this.#taken.has(text)) continue
      this.#taken.add(text)
      const email = parseEmailAddress(text)
      if (!email) throw new Error('a made-up address is none')
      return email
    }
  }

  #isCompany(): boolean {
    return this.#random.next() < 0.06
  }

  #company(): string {
    return `${this.#random.pick(offices)}.${this.#from(companies)}@${this.#random.pick(domains)}`
  }

  #person(): string {
    const [first, family] = [this.#from(firstNames), this.#from(familyNames)]
    const digits = this.#random.next() < 0.25 ? String(this.#random.below(99) + 1) : ''
    const local = [`${first}.${family}`, `${first[0]}.${family}`, `${first}${digits}`, `${first}_${family}${digits}`]
    return `${local[this.#random.weighted([6, 2, 1, 2])]}@${domains[this.#random.weighted([6, 2, 2])]}`
  }

  #from(list: readonly string[]): string {
    return list[this.#random.below(list.length)] ?? 'ada'
  }
}
