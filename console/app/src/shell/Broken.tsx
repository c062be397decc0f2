// The page in place of one that could not be shown: a fault of the console's own, told with what to do.
import { Button } from '../kit/Button';
import { Page } from '../kit/Page';
import { Empty } from '../kit/Notes';

export function Broken({ error }: { readonly error: unknown }) {
  return (
    <Page heading="This page could not be shown">
      <Empty title={error instanceof Error ? error.message : String(error)} action={<Button onClick={() => window.location.reload()}>Load it again</Button>}>
        Where the console was renewed meanwhile, loading it again helps. Else it is a fault of the console.
      </Empty>
    </Page>
  );
}
