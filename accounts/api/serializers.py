"""Shapes of people in the API."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from rest_framework import serializers

from accounts.choices import Role, Scope, TokenKind
from accounts.models import AuditEntry, Token, User

PASSWORD_LENGTH = 1024


class PasswordField(serializers.CharField):
    """Written, never read; blanks at its ends belong to it; bounded, since hashing costs."""

    def __init__(self, **options: Any) -> None:
        defaults = {"write_only": True, "trim_whitespace": False, "max_length": PASSWORD_LENGTH}
        super().__init__(**(defaults | options))


class NameField(serializers.SlugRelatedField):
    """Something known by its name. PostgreSQL would raise on a NUL instead of finding nothing."""

    def to_internal_value(self, data: Any) -> Any:
        if "\0" in str(data):
            self.fail("invalid")
        return super().to_internal_value(data)


class SignInInput(serializers.Serializer):
    username = serializers.CharField(max_length=254)
    password = PasswordField()


class SessionOutput(serializers.Serializer):
    access = serializers.CharField()
    refresh = serializers.CharField()
    expires_at = serializers.DateTimeField()


class RefreshInput(serializers.Serializer):
    refresh = serializers.CharField(max_length=200)


class SignOutInput(serializers.Serializer):
    refresh = serializers.CharField(max_length=200, required=False, default="")


class PasswordInput(serializers.Serializer):
    current_password = PasswordField()
    new_password = PasswordField()


class LanguageField(serializers.ChoiceField):
    def __init__(self, **options: Any) -> None:
        super().__init__(choices=settings.LANGUAGES, **options)


class ProfileSerializer(serializers.ModelSerializer):
    """Oneself."""

    language = LanguageField(required=False, allow_blank=True)
    groups = serializers.SlugRelatedField[Group](many=True, read_only=True, slug_field="name")

    class Meta:
        model = User
        fields = [
            "id",
            "username",
            "email",
            "first_name",
            "last_name",
            "language",
            "role",
            "groups",
        ]
        read_only_fields = ["id", "username", "role", "groups"]


class UserSerializer(serializers.ModelSerializer):
    """A person, as an administrator sees and changes him. `groups` are names."""

    username = serializers.CharField(max_length=150)
    role = serializers.ChoiceField(choices=Role.choices, required=False)
    language = LanguageField(required=False, allow_blank=True)
    groups = NameField(many=True, required=False, slug_field="name", queryset=Group.objects.all())
    password = PasswordField(required=False)

    class Meta:
        model = User
        fields = [
            "id",
            "username",
            "email",
            "first_name",
            "last_name",
            "language",
            "role",
            "groups",
            "is_active",
            "last_login",
            "date_joined",
            "password",
        ]
        read_only_fields = ["id", "last_login", "date_joined"]


class NewUserSerializer(UserSerializer):
    password = PasswordField()


class GroupSerializer(serializers.ModelSerializer):
    """`members` are ids of users; where given, they replace those before."""

    name = serializers.CharField(max_length=150)
    members = serializers.PrimaryKeyRelatedField(
        many=True, required=False, source="user_set", queryset=User.objects.all()
    )

    class Meta:
        model = Group
        fields = ["id", "name", "members"]


class TokenSerializer(serializers.ModelSerializer):
    """A token without its text. `scopes` empty: all that its user may."""

    user = serializers.SlugRelatedField[User](read_only=True, slug_field="username")
    realm = serializers.CharField(
        source="user.realm",
        default="",
        read_only=True,
        help_text="Of whose meeting server its user is, `connection:<id>`; empty: ours.",
    )
    issued_by = serializers.SlugRelatedField[User](
        read_only=True, allow_null=True, slug_field="username"
    )
    scopes = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Token
        fields = [
            "id",
            "kind",
            "label",
            "prefix",
            "user",
            "realm",
            "issued_by",
            "scopes",
            "created_at",
            "expires_at",
            "last_used_at",
            "checked_at",
            "revoked_at",
        ]
        read_only_fields = fields


class TokensQuery(serializers.Serializer):
    everyone = serializers.BooleanField(
        required=False, default=False, help_text="All people's; for administrators."
    )
    kind = serializers.ChoiceField(choices=TokenKind.choices, required=False)
    user = serializers.CharField(required=False, max_length=150)
    realm = serializers.CharField(required=False, max_length=60)


class RevokeAllInput(serializers.Serializer):
    user = NameField(
        slug_field="username",
        queryset=User.objects.all(),
        required=False,
        default=None,
        allow_null=True,
    )
    realm = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=60, help_text="`connection:<id>`."
    )


class RevokeAllOutput(serializers.Serializer):
    revoked = serializers.IntegerField()


class NewTokenInput(serializers.Serializer):
    label = serializers.CharField(max_length=200)  # type: ignore[assignment]  # DRF's own fields have one
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices), required=False, default=list
    )
    days = serializers.FloatField(required=False, allow_null=True, default=None)
    engine = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Opens the engine gateway and nothing else; only administrators make it.",
    )
    user = NameField(
        slug_field="username",
        queryset=User.objects.all(),
        required=False,
        default=None,
        allow_null=True,
        help_text="Somebody else's token; only administrators make it.",
    )


class NewTokenOutput(TokenSerializer):
    token = serializers.CharField(read_only=True, help_text="Shown this once.")

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]
        read_only_fields = fields


class AuditSerializer(serializers.ModelSerializer):
    class Meta:
        model = AuditEntry
        fields = [
            "id",
            "at",
            "actor_id",
            "actor_name",
            "action",
            "object_type",
            "object_id",
            "address",
            "data",
        ]
