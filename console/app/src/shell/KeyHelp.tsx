// The keys of the console, told.
import { CheckField } from '../kit/Field';
import { Fact, Facts } from '../kit/Facts';
import { Sheet } from '../kit/Sheet';
import { GO } from './keys';
import { PLACES } from './places';

export interface KeyHelpProps {
  /** False: keys of letters do nothing. */
  readonly areOn: boolean;
  readonly onOn: (areOn: boolean) => void;
  readonly onClose: () => void;
}

export function KeyHelp({ areOn, onOn, onClose }: KeyHelpProps) {
  const letters = Object.entries(GO).flatMap(([letter, to]) => {
    const place = PLACES.find((each) => each.to === to);
    return place === undefined ? [] : [{ letter, name: place.name }];
  });
  return (
    <Sheet title="Keys" onClose={onClose}>
      <Facts>
        <Fact name="Ctrl K, ⌘ K">Search or act</Fact>
        <Fact name="/">The filter of the page</Fact>
        <Fact name="j, k">The next row, the one before; Enter opens it</Fact>
        {letters.map(({ letter, name }) => (
          <Fact key={letter} name={`g ${letter}`}>
            {name}
          </Fact>
        ))}
        <Fact name="?">This list</Fact>
      </Facts>
      <CheckField label="Keys of letters" hint="Off, only Ctrl K and ⌘ K do something, until the page is loaded again." isChecked={areOn} onChange={onOn} />
    </Sheet>
  );
}
