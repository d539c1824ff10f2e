"""users/ and groups/: for administrators."""

from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors, services
from accounts.api.reading import user_of
from accounts.api.serializers import GroupSerializer, NewUserSerializer, UserSerializer
from accounts.choices import Role
from accounts.models import User
from accounts.permissions import Administrator
from common.api import NewestFirst, given


class NewestUsers(NewestFirst):
    ordering = "-id"


class UserFilter(filters.FilterSet):
    q = filters.CharFilter(method="by_words", label="part of a name or an address")
    role = filters.ChoiceFilter(choices=Role)
    is_active = filters.BooleanFilter()

    def by_words(self, found: QuerySet[User], _name: str, words: str) -> QuerySet[User]:
        match = Q()
        for field in ("username", "first_name", "last_name", "email"):
            match |= Q(**{f"{field}__icontains": words})
        return found.filter(match)


class Users(ListAPIView):
    queryset = selectors.users()
    serializer_class = UserSerializer
    pagination_class = NewestUsers
    filterset_class = UserFilter
    permission_classes = [Administrator]

    @extend_schema(tags=["users"], operation_id="list_users")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        tags=["users"],
        operation_id="create_user",
        request=NewUserSerializer,
        responses={201: UserSerializer},
    )
    def post(self, request: Request) -> Response:
        fields = given(NewUserSerializer, request)
        user = services.create_user(
            fields.pop("username"), actor=user_of(request), request=request, **fields
        )
        return Response(UserSerializer(user).data, status=201)


class OneUser(GenericAPIView):
    queryset = selectors.users()
    serializer_class = UserSerializer
    permission_classes = [Administrator]

    @extend_schema(tags=["users"], operation_id="user")
    def get(self, request: Request, pk: int) -> Response:
        return Response(UserSerializer(self.get_object()).data)

    @extend_schema(tags=["users"], operation_id="change_user")
    def patch(self, request: Request, pk: int) -> Response:
        """`is_active: false` or a new `password` ends all sessions of the user."""
        fields = given(UserSerializer, request, partial=True)
        user = services.change_user(
            self.get_object(), actor=user_of(request), request=request, **fields
        )
        return Response(UserSerializer(user).data)

    @extend_schema(tags=["users"], operation_id="deactivate_user", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Deactivates: what the user made stays."""
        services.deactivate_user(self.get_object(), actor=user_of(request), request=request)
        return Response(status=204)


class Groups(ListAPIView):
    queryset = selectors.groups()
    serializer_class = GroupSerializer
    pagination_class = NewestUsers
    permission_classes = [Administrator]

    @extend_schema(tags=["groups"], operation_id="list_groups")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        tags=["groups"],
        operation_id="create_group",
        request=GroupSerializer,
        responses={201: GroupSerializer},
    )
    def post(self, request: Request) -> Response:
        fields = given(GroupSerializer, request)
        group = services.create_group(
            fields["name"],
            actor=user_of(request),
            members=fields.get("user_set", ()),
            request=request,
        )
        return Response(GroupSerializer(group).data, status=201)


class OneGroup(GenericAPIView):
    queryset: QuerySet[Group] = selectors.groups()
    serializer_class = GroupSerializer
    permission_classes = [Administrator]

    @extend_schema(tags=["groups"], operation_id="group")
    def get(self, request: Request, pk: int) -> Response:
        return Response(GroupSerializer(self.get_object()).data)

    @extend_schema(tags=["groups"], operation_id="change_group")
    def patch(self, request: Request, pk: int) -> Response:
        fields = given(GroupSerializer, request, partial=True)
        group = services.change_group(
            self.get_object(),
            actor=user_of(request),
            name=fields.get("name"),
            members=fields.get("user_set"),
            request=request,
        )
        return Response(GroupSerializer(selectors.groups().get(pk=group.pk)).data)

    @extend_schema(tags=["groups"], operation_id="delete_group", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Access that was given to the group goes with it; its people stay."""
        services.delete_group(self.get_object(), actor=user_of(request), request=request)
        return Response(status=204)
