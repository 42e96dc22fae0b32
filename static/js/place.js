// The browser's location instead of the district's middle; districts of the chosen city alone.
// Without this file the page works with city and district.
(() => {
  "use strict";
  const form = document.querySelector("[data-place]");
  if (!form) return;
  const city = form.elements.city;
  const district = form.elements.district;
  const locate = form.querySelector("[data-locate]");
  const forget = form.querySelector("[data-forget]");
  const pin = form.querySelector("[data-pin]");
  const groups = Array.from(district.querySelectorAll("optgroup"));

  const radians = (degrees) => (degrees * Math.PI) / 180;
  const km = (a, b) => {
    const h =
      Math.sin(radians(b.latitude - a.latitude) / 2) ** 2 +
      Math.cos(radians(a.latitude)) *
        Math.cos(radians(b.latitude)) *
        Math.sin(radians(b.longitude - a.longitude) / 2) ** 2;
    return 2 * 6371.0088 * Math.asin(Math.min(1, Math.sqrt(h)));
  };
  const place = (option) => ({ latitude: Number(option.dataset.latitude), longitude: Number(option.dataset.longitude) });
  const nearest = (options, here) =>
    options.reduce((best, option) => (!best || km(here, place(option)) < km(here, place(best)) ? option : best), null);

  const showDistricts = () => {
    const shown = groups.filter((group) => !city.value || group.dataset.city === city.value);
    for (const group of groups) group.remove();
    district.append(...shown);
    const chosen = district.selectedOptions[0];
    if (chosen?.parentElement.dataset.city && chosen.parentElement.dataset.city !== city.value) district.value = "";
  };

  const noLongerWrong = (control) => {
    control.removeAttribute("aria-invalid");
    control.closest(".field")?.querySelector(".error")?.remove();
  };

  const takeDistrict = () => {
    form.elements.latitude.value = "";
    form.elements.longitude.value = "";
    forget.hidden = true;
    pin.textContent = form.dataset.centre;
  };

  form.addEventListener("change", (event) => noLongerWrong(event.target));
  city.addEventListener("change", () => {
    showDistricts();
    if (form.elements.latitude.value) takeDistrict();
  });
  // who names the district by hand may mean another place than the one they are at
  district.addEventListener("change", takeDistrict);
  forget.addEventListener("click", takeDistrict);

  if (navigator.geolocation) {
    locate.hidden = false;
    locate.addEventListener("click", () => {
      pin.textContent = form.dataset.asking;
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          const cities = Array.from(city.options).filter((option) => option.value);
          const near = nearest(cities, coords);
          if (!near || km(coords, place(near)) > Number(near.dataset.radius)) {
            takeDistrict();
            pin.textContent = form.dataset.far;
            return;
          }
          city.value = near.value;
          showDistricts();
          const closest = nearest(Array.from(district.querySelectorAll("option[data-latitude]")), coords);
          if (closest) district.value = closest.value;
          form.elements.latitude.value = coords.latitude.toFixed(6);
          form.elements.longitude.value = coords.longitude.toFixed(6);
          noLongerWrong(city);
          noLongerWrong(district);
          forget.hidden = false;
          pin.textContent = form.dataset.located;
          form.elements.address.focus();
        },
        () => {
          pin.textContent = form.dataset.denied;
        },
        { timeout: 10000, maximumAge: 60000 },
      );
    });
  }
  showDistricts();
})();
