// Text as what it is: nothing in it is markup, nothing of it turns what is around it, and what is invisible is named.
import { partsOf } from './text';
import style from './Payload.module.css';

export function Text({ text }: { readonly text: string }) {
  return (
    <bdi>
      {partsOf(text).map((part, index) =>
        part.hidden === null ? (
          <bdi key={index}>{part.text}</bdi>
        ) : (
          <span key={index} className={style.hidden} title="A character that cannot be seen">
            {part.hidden}
          </span>
        ),
      )}
    </bdi>
  );
}
