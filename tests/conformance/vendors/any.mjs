// A model that leaves nothing open: every answer as the model shows it.
// A vendor's file may have:
//   headers        those that are wanted with every call and that no model declares
//   placeholders   what Prism's answers cannot be: {operations, why, fill(answer, request)}
//   routes         what no model describes: {method, path, why, answer(state)}
//   kept           which operations are read, by method and path
//   narrowed       for the answers of an operation, where in their schema the one that is meant stands
//   canonical      a path in the spelling of the model
export const nothing = {
  headers: [],
  placeholders: [],
  routes: [],
  kept: () => true,
  narrowed: () => "",
  canonical: (path) => path,
};

export default nothing;
