// The way around: links in the bar where there is room, the rest of them in a menu.
import { Link } from '@tanstack/react-router';
import { usePrincipal } from '../api/principal';
import { LinkItem, Menu } from '../kit/Menu';
import style from './Navigation.module.css';
import { IN_BAR, placesFor, type Place } from './places';

export function Navigation() {
  const places = placesFor(usePrincipal()?.deniedFields);
  const more = places.slice(IN_BAR);
  return (
    <nav aria-label="Pages" className={style.navigation}>
      <ul className={style.wide}>
        {places.slice(0, IN_BAR).map((place) => (
          <li key={place.to}>
            <PlaceLink place={place} />
          </li>
        ))}
        {more.length > 0 && (
          <li>
            <Menu label="More">
              {more.map((place) => (
                <LinkItem key={place.to} to={place.to}>
                  {place.name}
                </LinkItem>
              ))}
            </Menu>
          </li>
        )}
      </ul>
      <div className={style.narrow}>
        <Menu label="Pages">
          {places.map((place) => (
            <LinkItem key={place.to} to={place.to}>
              {place.name}
            </LinkItem>
          ))}
        </Menu>
      </div>
    </nav>
  );
}

function PlaceLink({ place }: { readonly place: Place }) {
  return (
    <Link to={place.to} className={style.link ?? ''} activeOptions={{ exact: place.to === '/', includeSearch: false }}>
      {place.name}
    </Link>
  );
}
