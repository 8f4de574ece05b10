import { Comment, Converter, ReflectionKind } from 'typedoc';

/** Members of a type written in place need no comment each: the comment of what has that type says what they are. */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const member of project.getReflectionsByKind(ReflectionKind.Property)) {
      if (member.parent?.kindOf(ReflectionKind.TypeLiteral))
        member.comment ??= new Comment([{ kind: 'text', text: ' ' }]);
    }
  });
}
