// Line icons: paths from Feather (MIT, Copyright (c) 2013-2023 Cole Bemis; see icons.LICENSE.txt).
const paths = {
  like: "M14 9V5a3 3 0 0 0-3-3l-4 9v11h11.28a2 2 0 0 0 2-1.7l1.38-9a2 2 0 0 0-2-2.3zM7 22H4a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2h3",
  dislike: "M10 15v4a3 3 0 0 0 3 3l4-9V2H5.72a2 2 0 0 0-2 1.7l-1.38 9a2 2 0 0 0 2 2.3zM17 2h2.67A2.31 2.31 0 0 1 22 4v7a2.31 2.31 0 0 1-2.33 2H17",
  previous: "M15 18l-6-6 6-6",
  next: "M9 18l6-6-6-6",
  retry: "M23 4v6h-6M20.49 15a9 9 0 1 1-2.12-9.36L23 10",
  alternatives: "M12 2L2 7l10 5 10-5-10-5zM2 17l10 5 10-5M2 12l10 5 10-5",
  edit: "M17 3a2.828 2.828 0 1 1 4 4L7.500 20.500 2 22l1.500-5.500L17 3z",
  branch: "M6 3v12M18 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM6 21a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM18 9a9 9 0 0 1-9 9",
  context: "M1 12s4-8 11-8 11 8 11 8-4 8-11 8-11-8-11-8zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  plus: "M12 5v14M5 12h14",
  moon: "M21 12.790A9 9 0 1 1 11.210 3 7 7 0 0 0 21 12.790z",
  help: "M12 22a10 10 0 1 0 0-20 10 10 0 0 0 0 20zM9.090 9a3 3 0 0 1 5.830 1c0 2-3 3-3 3M12 17h.01",
  menu: "M3 12h18M3 6h18M3 18h18",
  bookmark: "M19 21l-7-5-7 5V5a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2z",
  download: "M21 15v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4M7 10l5 5 5-5M12 15V3",
  close: "M18 6L6 18M6 6l12 12",
  undo: "M9 14L4 9l5-5M4 9h10.500a5.500 5.500 0 0 1 0 11H11",
  redo: "M15 14l5-5-5-5M20 9H9.500a5.500 5.500 0 0 0 0 11H13",
  feather: "M20.240 12.240a6 6 0 0 0-8.490-8.490L5 10.500V19h8.500zM16 8L2 22M17.500 15H9",
  send: "M22 2L11 13M22 2l-7 20-4-9-9-4 20-7z",
  stop: "M6 6h12v12H6z",
  play: "M6 3l14 9-14 9z",
  pause: "M7 5v14h2V5zM15 5v14h2V5z",
  music: "M9 18V5l12-2v13M6 21a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM18 19a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  clip: "M21.440 11.050l-9.190 9.190a6 6 0 0 1-8.490-8.490l9.190-9.190a4 4 0 0 1 5.660 5.660l-9.200 9.190a2 2 0 0 1-2.830-2.830l8.490-8.480",
  trash: "M3 6h18M19 6v14a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V6m3 0V4a2 2 0 0 1 2-2h4a2 2 0 0 1 2 2v2M10 11v6M14 11v6",
};

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", paths[name]);
  svg.append(path);
  return svg;
}

for (const element of document.querySelectorAll("[data-icon]")) element.prepend(icon(element.dataset.icon));
